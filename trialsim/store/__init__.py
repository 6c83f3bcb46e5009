"""A run on disk: where everything lies, how it is written so that what exists is whole, how it is read and proved."""
