/** For a model that is to say the rest of a reply which was broken off for nothing. */
export const REST_INSTRUCTIONS =
  'Noise on the line cut you off in the middle of what you were saying. Go on from exactly where you stopped: greet ' +
  'nobody again, repeat nothing, and do not mention the noise.'
