/**
 * One thing the simulator does as Azure does it, and how we know.
 * `recorded`: seen in a recorded HTTP exchange or pasted from one; `documented`: written by Microsoft or in its client;
 * `modelled`: our assumption where no source was found.
 */
export interface Behaviour {
  readonly id: string;
  /** As Azure spells it, a namespace for all of its types, or `any`. */
  readonly resourceType: string;
  readonly says: string;
  readonly evidence: 'recorded' | 'documented' | 'modelled';
  readonly source: string;
  /** What proves it: the file in test/simulator and the title, `%s` where it is one of a table. */
  readonly test: string;
}
