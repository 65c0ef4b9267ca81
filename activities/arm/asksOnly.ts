import type { PipelineRequest } from '@azure/core-rest-pipeline';

/** Azure answers these, and changes no resource: whether a name is free, and what a command sees inside a cluster. */
const questions = /\/(checkNameAvailability|runCommand)$/i;

export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Whether a request changes nothing. */
export const asksOnly = ({ method, url }: Pick<PipelineRequest, 'method' | 'url'>): boolean =>
  isRead(method) || (method === 'POST' && questions.test(decodeURIComponent(new URL(url).pathname)));
