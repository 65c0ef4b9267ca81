/** Tag with the run's ID. By it a later start finds what an earlier one has left. */
export const runTag = 'aks-isolation-live';
