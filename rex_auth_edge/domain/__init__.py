"""Facts and rules: no await, no framework, no I/O; everything else may import it, it imports nothing of ours."""
