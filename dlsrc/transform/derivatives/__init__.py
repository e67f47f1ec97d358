"""dlsrc's own functions inside of the user's: traces, gradients, rules, labels.  Of `normalize`."""
