"""Where threads and asyncio meet Qt: lanes, models, socket server, theme."""
