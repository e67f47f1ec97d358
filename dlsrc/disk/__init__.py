"""Programs that outlive the process: what they are, where they lie, and when they still hold."""
