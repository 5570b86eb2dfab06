"""All commands: what the window, the socket and the command line can ask for.

A new socket method is one `Command` here and one handler in `mma.session`.
"""

from typing import Any

from slop_qt.core.budgets import BudgetStanding
from slop_qt.core.context import ContextReport
from slop_qt.core.forecast import Forecast
from slop_qt.mma import gui_shapes, plan_shapes, settings_shapes, shapes, spend_shapes
from slop_qt.mma.command_registry import Command

__all__ = ["ALL_COMMANDS", "GUI_COMMANDS"]

APP_INFO = Command("app.info", shapes.Nothing, shapes.AppInfo, "observe", "Who answers.")
APP_QUIT = Command("app.quit", shapes.Nothing, shapes.Nothing, "control", "Shut down in order, never asking.")
PROJECT_OPEN = Command(
    "project.open", shapes.OpenProject, shapes.ProjectOpened, "control", "Show another git repository instead of this."
)
PROJECT_OPEN_BESIDE = Command(
    "project.open_beside",
    shapes.OpenProject,
    shapes.ProjectOpened,
    "control",
    "Open a git repository in a process of its own.",
    on_socket=False,
)
EPIC_PLAN = Command("epic.plan", shapes.PlanEpic, shapes.TracksPlanned, "control", "Tier 1: epic to tracks, accepted.")
EPIC_PROPOSE = Command(
    "epic.propose",
    shapes.PlanEpic,
    shapes.TracksProposed,
    "control",
    "Tier 1: epic to proposed tracks.",
    on_socket=False,
)
EPIC_ACCEPT = Command(
    "epic.accept", shapes.AcceptTracks, shapes.TracksPlanned, "control", "Write proposed tracks.", on_socket=False
)
TRACK_LIST = Command("track.list", shapes.Nothing, shapes.Tracks, "observe", "All tracks.")
TRACK_SHOW = Command("track.show", shapes.TrackRef, shapes.TrackShown, "observe", "A track, its files and tickets.")
TRACK_PLAN = Command(
    "track.plan", shapes.TrackRef, shapes.TicketsPlanned, "control", "Tier 2: track to tickets, accepted."
)
TRACK_SET_TICKETS = Command(
    "track.set_tickets", shapes.SetTickets, shapes.TicketsSet, "control", "Replace a track's tickets."
)
TRACK_READ = Command(
    "track.read", shapes.TrackRef, plan_shapes.TrackDocuments, "observe", "A track to be edited.", on_socket=False
)
TRACK_SAVE_TEXT = Command(
    "track.save_text", plan_shapes.SaveText, plan_shapes.Saved, "control", "Write spec or plan.", on_socket=False
)
TRACK_SAVE_TICKETS = Command(
    "track.save_tickets", plan_shapes.SaveTickets, plan_shapes.Saved, "control", "Write tickets.", on_socket=False
)
TRACK_FORECAST = Command(
    "track.forecast", plan_shapes.ForecastTrack, Forecast, "observe", "What a run would look like.", on_socket=False
)
TRACK_REVISE = Command(
    "track.revise",
    plan_shapes.ReviseTrack,
    plan_shapes.TicketsRevised,
    "control",
    "Tier 2: the rest of the tickets, in the light of what has been learnt; proposed.",
    on_socket=False,
)
RUN_START = Command("run.start", shapes.StartRun, shapes.RunStarted, "control", "Start a run; answers at once.")
RUN_PAUSE = Command("run.pause", shapes.RunRef, shapes.RunStatusResult, "control", "Start no more tickets.")
RUN_RESUME = Command("run.resume", shapes.ResumeRun, shapes.RunStatusResult, "control", "Go on with a paused run.")
RUN_CANCEL = Command(
    "run.cancel", shapes.RunRef, shapes.RunStatusResult, "control", "Cancel a run's agents and end it."
)
RUN_WAIT = Command("run.wait", shapes.WaitRun, shapes.MmaStatus, "observe", "Answers when the run has ended.")
RUN_DIFF = Command("run.diff", shapes.DiffRun, shapes.Diff, "observe", "What a run or a ticket changes.")
RUN_APPLY = Command("run.apply", shapes.RunRef, shapes.Commit, "control", "Merge into the person's branch.")
RUN_LIST = Command("run.list", shapes.Nothing, shapes.Runs, "observe", "All runs, newest first.")
MMA_STATUS = Command("mma.status", shapes.RunRef, shapes.MmaStatus, "observe", "Everything about a run.")
STREAM_READ = Command("stream.read", shapes.ReadStream, shapes.StreamPage, "observe", "A stream's text from an offset.")
CONTEXT_REPORT = Command(
    "context.report", shapes.StreamRef, ContextReport, "observe", "What a stream's last request is made of."
)
APPROVALS_LIST = Command("approvals.list", shapes.RunRef, shapes.Approvals, "observe", "What waits for a decision.")
APPROVALS_RESOLVE = Command(
    "approvals.resolve", shapes.ResolveApproval, shapes.ApprovalResult, "control", "Decide one approval."
)
USAGE_STATS = Command("usage.stats", shapes.RunRef, shapes.UsageStats, "observe", "Tokens by tier, ticket and model.")
CONTEXT_PREVIEW = Command(
    "context.preview",
    spend_shapes.PreviewContext,
    spend_shapes.ContextPreviewed,
    "observe",
    "What a ticket's worker would start with.",
    on_socket=False,
)
CONTEXT_CHOOSE = Command(
    "context.choose",
    spend_shapes.ChooseContext,
    shapes.Nothing,
    "control",
    "Which files go to the model, and in which form.",
    on_socket=False,
)
CONTEXT_TEXT = Command(
    "context.text",
    spend_shapes.ContextText,
    spend_shapes.ContextTextRead,
    "observe",
    "The exact text of a stream's last request.",
    on_socket=False,
)
BUDGET_SHOW = Command(
    "budget.show", shapes.RunRef, BudgetStanding, "observe", "What is spent and set aside.", on_socket=False
)
BUDGET_SET = Command(
    "budget.set", spend_shapes.SetBudget, BudgetStanding, "control", "Change the limits.", on_socket=False
)
GUI_TREE = Command("gui.tree", gui_shapes.TreeOf, gui_shapes.GuiTree, "observe", "The widgets of the window.")
GUI_CLICK = Command("gui.click", gui_shapes.OfWidget, shapes.Nothing, "control", "Click a widget.")
GUI_TYPE = Command("gui.type", gui_shapes.TypeInto, shapes.Nothing, "control", "Type into a widget.")
GUI_KEY = Command("gui.key", gui_shapes.KeyInto, shapes.Nothing, "control", "Press keys in a widget.")
GUI_SELECT = Command("gui.select", gui_shapes.SelectIn, shapes.Nothing, "control", "Choose a row, a tab or an entry.")
GUI_GET = Command("gui.get", gui_shapes.PropertyOf, gui_shapes.GuiValue, "observe", "Read a property of a widget.")
GUI_SET = Command("gui.set", gui_shapes.SetProperty, gui_shapes.GuiValue, "control", "Set a property of a widget.")
GUI_WAIT = Command(
    "gui.wait", gui_shapes.WaitFor, gui_shapes.GuiValue, "observe", "Answers when a property has a value."
)
GUI_ACTION = Command("gui.action", gui_shapes.OfWidget, shapes.Nothing, "control", "Trigger a menu's action.")
GUI_SCREENSHOT = Command(
    "gui.screenshot", gui_shapes.TakeScreenshot, gui_shapes.Screenshot, "control", "A picture of the window."
)
GUI_STALLS = Command(
    "gui.stalls", gui_shapes.ReadStalls, gui_shapes.GuiStalls, "observe", "How late the window's thread is."
)
SETTINGS_SHOW = Command(
    "settings.show",
    shapes.Nothing,
    settings_shapes.SettingsShown,
    "observe",
    "Tiers, providers, keys.",
    on_socket=False,
)
SETTINGS_SAVE = Command(
    "settings.save",
    settings_shapes.SaveSettings,
    settings_shapes.SettingsShown,
    "control",
    "Change models and caching.",
    on_socket=False,
)
SETTINGS_SET_KEY = Command(
    "settings.set_key",
    settings_shapes.SetKey,
    settings_shapes.SettingsShown,
    "control",
    "Keep a key in the keyring.",
    on_socket=False,
)
SETTINGS_FORGET_KEY = Command(
    "settings.forget_key",
    settings_shapes.ProviderRef,
    settings_shapes.SettingsShown,
    "control",
    "Remove a key from the keyring.",
    on_socket=False,
)
PROVIDER_TRY = Command(
    "provider.try",
    settings_shapes.TryProvider,
    settings_shapes.ProviderTried,
    "control",
    "Whether a provider takes the key.",
    on_socket=False,
)
PROVIDER_MODELS = Command(
    "provider.models",
    settings_shapes.ProviderRef,
    settings_shapes.ModelsListed,
    "observe",
    "A provider's models.",
    on_socket=False,
)
PROVIDER_FIND_LOCAL = Command(
    "provider.find_local",
    shapes.Nothing,
    settings_shapes.LocalServers,
    "observe",
    "Model servers on this machine.",
    on_socket=False,
)

RULES_LIST = Command(
    "rules.list", shapes.Nothing, settings_shapes.RulesShown, "observe", "The person's rules.", on_socket=False
)
RULES_REMOVE = Command(
    "rules.remove",
    settings_shapes.RemoveRule,
    settings_shapes.RulesShown,
    "control",
    "Let a rule count no more.",
    on_socket=False,
)

GUI_COMMANDS: tuple[Command[Any, Any], ...] = (
    GUI_TREE,
    GUI_CLICK,
    GUI_TYPE,
    GUI_KEY,
    GUI_SELECT,
    GUI_GET,
    GUI_SET,
    GUI_WAIT,
    GUI_ACTION,
    GUI_SCREENSHOT,
    GUI_STALLS,
)

ALL_COMMANDS: tuple[Command[Any, Any], ...] = (
    APP_INFO,
    APP_QUIT,
    PROJECT_OPEN,
    PROJECT_OPEN_BESIDE,
    EPIC_PLAN,
    EPIC_PROPOSE,
    EPIC_ACCEPT,
    TRACK_LIST,
    TRACK_SHOW,
    TRACK_PLAN,
    TRACK_SET_TICKETS,
    TRACK_READ,
    TRACK_SAVE_TEXT,
    TRACK_SAVE_TICKETS,
    TRACK_FORECAST,
    TRACK_REVISE,
    RUN_START,
    RUN_PAUSE,
    RUN_RESUME,
    RUN_CANCEL,
    RUN_WAIT,
    RUN_DIFF,
    RUN_APPLY,
    RUN_LIST,
    MMA_STATUS,
    STREAM_READ,
    APPROVALS_LIST,
    APPROVALS_RESOLVE,
    USAGE_STATS,
    CONTEXT_REPORT,
    CONTEXT_PREVIEW,
    CONTEXT_CHOOSE,
    CONTEXT_TEXT,
    BUDGET_SHOW,
    BUDGET_SET,
    *GUI_COMMANDS,
    SETTINGS_SHOW,
    SETTINGS_SAVE,
    SETTINGS_SET_KEY,
    SETTINGS_FORGET_KEY,
    PROVIDER_TRY,
    PROVIDER_MODELS,
    PROVIDER_FIND_LOCAL,
    RULES_LIST,
    RULES_REMOVE,
)
