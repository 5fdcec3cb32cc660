"""A clock that stands still until told: the simulation's own."""

from ivr.simulation.timeline import VirtualClock

FakeClock = VirtualClock
