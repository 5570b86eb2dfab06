"""`slop-qt mcp`: the socket's methods as MCP tools and the streams as resources, for other agents.

Needs no Qt and no application: each call finds the running one by itself.
"""
