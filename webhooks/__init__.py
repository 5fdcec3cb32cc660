"""The Twilio door, the pages and the health checks: the only place that knows Flask."""
