"""What the cloud role needs because several processes serve it: they tell each other what they do."""
