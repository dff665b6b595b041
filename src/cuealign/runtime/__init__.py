"""How work is run: the frame of a job, GPU locks, parallel maps, progress, append-only folders and code versions."""
