/** Something that whoever typed the command can put right. It is shown without a stack trace. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
