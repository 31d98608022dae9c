"""Design system: layouts, components, icons, template tags, and the catalogue at /ui/."""
