/**
 * One thing the simulator does as Azure does it, and how we know.
 * `recorded`: seen in a recorded HTTP exchange or pasted from one; `documented`: written by Microsoft or in its client;
 * `modelled`: our assumption where no source was found.
 */
export interface Behaviour {
  readonly id: string;
  readonly says: string;
  readonly evidence: 'recorded' | 'documented' | 'modelled';
  readonly source: string;
}
