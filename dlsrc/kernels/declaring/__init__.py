"""How a declaration is tested and told: cases, the judge, the table of what there is."""
