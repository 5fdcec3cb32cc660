"""Long campaigns against the real adapters, judged afterwards from what was written down."""
