"""From text to token ids on disk: reading, tokenizing, scanning, encoding."""
