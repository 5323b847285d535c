"""The configuration: pydantic models over TOML. A leaf: imports nothing else of mmannot_tf."""
