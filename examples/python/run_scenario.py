"""Starts a scenario, follows it, lets it pass its gates, and reads how it ended.

    python run_scenario.py createCluster ../create-managed-private-link.json
    python run_scenario.py isolateCluster ../isolate-managed.json --approve-as Ada

Temporal's environment configuration says where the service is: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY.
"""

import argparse
import asyncio
import json
import os
import sys
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError, CancelledError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

TASK_QUEUE = "aks-isolation"


def workflow_id(cluster: dict[str, str]) -> str:
    """The lock on the cluster: a writing scenario runs under this ID and no other."""
    return f"aks/{cluster['subscriptionId']}/{cluster['resourceGroup']}/{cluster['name']}".lower()


async def follow(run: WorkflowHandle[Any, Any], ended: asyncio.Future[Any], approve_as: str | None) -> None:
    """Prints what changes, until the run has ended. The JSON Schema of progress is contract/schemas/progress.json."""
    revision = -1
    approved: set[str] = set()
    while not ended.done():
        await asyncio.wait([ended], timeout=1)
        try:
            progress: dict[str, Any] = await run.query("progress")
        except RPCError as error:
            # No worker is up, or the run was refused before it could answer.
            print(f"  no answer yet: {error.message}", file=sys.stderr)
            continue
        if progress["revision"] != revision:
            revision = progress["revision"]
            running = [step["title"] for step in progress["steps"] if step["state"] == "running"]
            print(f"  {progress['phase']}: {', '.join(running)}")
        for gate, wait in progress.get("waits", {}).items():
            if approve_as is None or wait in approved:
                continue
            # The ID of the wait binds the answer to this question; the update ID makes a second try the same answer.
            answer = {"gate": gate, "by": approve_as, "wait": wait}
            await run.execute_update("approve", answer, id=f"approve-{wait}")
            approved.add(wait)
            print(f"  {approve_as} lets it pass {gate}")


def show_failure(error: ApplicationError) -> None:
    """Details are problems where the run was refused, else contract/schemas/failureDetails.json."""
    print(f"{error.type}: {error.message}")
    details = error.details[0] if error.details else None
    if isinstance(details, list):
        for problem in details:
            print(f"  {problem['where']}: {problem['problem']}. {problem['whatToDo']}")
    elif isinstance(details, dict):
        cause = details.get("error", {})
        print(f"  what to do: {cause.get('whatToDo')}")
        print(f"  correlation ID: {cause.get('correlationId')}")
        for leftover in details.get("leftovers", []):
            print(f"  remains: {leftover['resourceId']} ({leftover['why']})")
        for deleted in details.get("deleted", []):
            print(f"  deleted: {deleted['resourceId']} ({deleted['why']})")


async def main() -> int:
    parser = argparse.ArgumentParser(description="Runs a scenario and follows it.")
    parser.add_argument("scenario", help="createCluster, isolateCluster, ...")
    parser.add_argument("input", help="a JSON file with the input of the scenario")
    parser.add_argument("--approve-as", help="name of whoever lets the run pass its gates")
    arguments = parser.parse_args()
    with open(arguments.input, encoding="utf-8") as file:
        given = json.load(file)

    client = await Client.connect(**ClientConfig.load_client_connect_config())
    try:
        run = await client.start_workflow(
            arguments.scenario, given, id=workflow_id(given["cluster"]), task_queue=TASK_QUEUE
        )
    except WorkflowAlreadyStartedError as error:
        print(f"A scenario is running on this cluster: {error.workflow_id}", file=sys.stderr)
        return 1
    print(f"Started {run.id}")

    ended = asyncio.ensure_future(run.result())
    await follow(run, ended, arguments.approve_as)
    try:
        result: dict[str, Any] = await ended
    except WorkflowFailureError as error:
        if isinstance(error.cause, ApplicationError):
            show_failure(error.cause)
        elif isinstance(error.cause, CancelledError):
            print("Cancelled: what it had changed was taken back.")
        else:
            print(f"Ended: {error.cause}")
        return 1
    print(f"{result['outcome']}: {len(result['checks'])} checks")
    for check in result["checks"]:
        print(f"  {check['verdict']}: {check['title']}: {check['seen']}")
    return 0


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    # A short-lived process may abort while Python ends (temporalio/sdk-python#300): this ends it without that.
    os._exit(code)
