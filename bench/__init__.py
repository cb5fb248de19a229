"""Measurements on private servers: what a chunk costs, what paging, planning and memory depend on, against peers and floors.

`python -m bench` prints them. Absolute figures belong to the machine; what is promised are ratios, whose two sides are measured
in turns in one run, and whose medians are compared.
"""
