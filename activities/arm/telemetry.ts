import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline';
import { type LabelOf, Measures, providers } from '../../contract/metrics.ts';
import { currentContext } from './currentContext.ts';

/** Measures each request to Azure. Azure answers the requests of the worker's start outside of any activity: they do not count. */
export const measureRequest: PipelinePolicy = {
  name: 'measureRequest',
  async sendRequest(request, next) {
    const meter = currentContext()?.metricMeter;
    if (!meter) return next(request);
    const measures = new Measures(meter);
    const labels = { provider: providerOf(request.url), method: request.method };
    const since = performance.now();
    let status: LabelOf<'armRequestDuration', 'status'> = 'none';
    try {
      const response = await next(request);
      status = classOf(response);
      if (response.status === 429) measures.count('armThrottled', { provider: labels.provider });
      return response;
    } finally {
      measures.took('armRequestDuration', { ...labels, status }, performance.now() - since);
    }
  },
};

type Provider = (typeof providers)[number];

/** Answers of 1xx never reach a client. */
const classOf = ({ status }: PipelineResponse): '2xx' | '3xx' | '4xx' | '5xx' =>
  status < 300 ? '2xx' : status < 400 ? '3xx' : status < 500 ? '4xx' : '5xx';

/** The provider that answers: the last one that the address names. Groups and subscriptions are Azure Resource Manager's own. */
function providerOf(url: string): Provider {
  const [, named = 'Microsoft.Resources'] = /.*\/providers\/([^/?]+)/i.exec(new URL(url).pathname) ?? [];
  return providers.find((each) => each.toLowerCase() === named.toLowerCase()) ?? 'other';
}
