"""What the settings dialog shows of the person's rules, and how it removes one."""

from functools import partial

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.ports import Offload
from slop_qt.mma import commands
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.settings_shapes import RemoveRule, RulesShown
from slop_qt.mma.shapes import Nothing
from slop_qt.store.preferences import Preferences

__all__ = ["RuleDesk"]


class RuleDesk:
    """Answers the commands rules.*. Awaited on any loop."""

    def __init__(self, preferences: Preferences, offload: Offload) -> None:
        self._preferences = preferences
        self._offload = offload

    def register(self, registry: CommandRegistry) -> None:
        """Attach the commands."""
        registry.register(commands.RULES_LIST, self._list)
        registry.register(commands.RULES_REMOVE, self._remove)

    async def _list(self, _params: Nothing, _: DecidedBy) -> RulesShown:
        return RulesShown(rules=self._preferences.current.rules)

    async def _remove(self, params: RemoveRule, by: DecidedBy) -> RulesShown:
        """It counts no more, neither in the file nor in runs that are under way; what waits for a decision waits on."""
        await self._offload.run(partial(self._preferences.remove_rule, params.rule))
        return await self._list(Nothing(), by)
