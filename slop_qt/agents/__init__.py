"""One agent's loop: prompt, stream, tool calls, approval, results, usage."""
