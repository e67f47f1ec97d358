"""What dlsrc asks of the process that it lives in: forks, garbage, symbols."""
