"""Study groups: renamed tables and new ids, with owners and participants who are members of other old databases."""
