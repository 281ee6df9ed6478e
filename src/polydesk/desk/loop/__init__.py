"""The compiled loop: the desk over arrays, for sessions whose strategies are all compiled."""
