"""How jobs run: entry point of scripts, GPU locks, parallel maps, progress, append-only folders and code versions."""
