/** Of this server, its commands and its schema. */
export const serverVersion = '0.1.0';
