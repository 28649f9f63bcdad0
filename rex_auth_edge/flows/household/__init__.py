"""Running a household: claiming it, its people, its invitations, its policy, and codes handed over."""
