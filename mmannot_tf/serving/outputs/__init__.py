"""Where annotations go: files of lines that a second run goes on with, and sidecars beside photographs."""
