import Sequencer from '@jest/test-sequencer';

/** Folders whose files take longest, longest first: begun last, one of them would be waited for alone. */
const long = ['sweep', 'e2e', 'scenarios', 'histories'];
const rank = ({ path }) => {
  const position = long.findIndex((folder) => path.includes(`/test/${folder}/`));
  return position < 0 ? long.length : position;
};

/** As jest itself orders them, by what they took last time, but the long ones first also where nobody knows that yet. */
export default class LongFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
