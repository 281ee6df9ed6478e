"""What happened in a session, for people: summary, terminal tables, one self-contained page, one order explained.

Everything here is a projection of the session journal and the tape's manifest; nothing keeps state of its own.
"""
