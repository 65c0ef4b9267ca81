/** How a provider and a feature are registered alike; each adds where its state is, and its seconds. */
export const registration = {
  verb: 'POST register',
  answers: 200,
  during: 'Registering',
  ends: 'Registered',
  otherwise: 'NotRegistered',
} as const;
