"""Kills, cuts and full disks: afterwards every recipient is accounted for."""
