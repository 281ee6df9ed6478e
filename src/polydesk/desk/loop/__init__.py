"""The compiled loop: the desk over arrays; strategies that are compiled decide in it, others are asked in Python."""
