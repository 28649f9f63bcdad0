"""Pages for people: rendered here, usable without JavaScript, asking no other origin for anything."""
