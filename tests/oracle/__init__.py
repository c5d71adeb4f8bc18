"""An independent judge of a session's state: it shares no code with the project it judges."""
