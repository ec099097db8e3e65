"""The sections of the Compare page; `views` puts them together."""
