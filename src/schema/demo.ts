/** Columns of the simulated atlas that only it has. @module */

export const DEMO_COLUMNS = {
  isUnseenType: "is_unseen_type",
  isMarker: "is_marker",
  markerOf: "marker_of",
} as const;
