"""Drives rollouts: reads where one stands from a stack's state, judges it, and orders each move.

It knows the resource `meshwright:index:Rollout` and nothing else of a stack, so that it serves any
program that has one.
"""
