"""The hotline on a virtual clock: the same switchboard, floor loop and policy; callers and agents are made up."""
