"""Announcements: what operators tell everybody here. People put them away when they have read them, and react."""
