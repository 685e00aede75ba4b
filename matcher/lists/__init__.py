"""Lists of known material: imported, indexed, versioned in a store, opened for lookups. One file a step."""
