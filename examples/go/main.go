// Starts a scenario, follows it, lets it pass its gates, and reads how it ended.
//
//	go run . createCluster ../create-managed-private-link.json
//	go run . isolateCluster ../isolate-managed.json Ada
//
// Temporal's environment configuration says where the service is: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/temporal"
)

const taskQueue = "aks-isolation"

// Progress has what is shown here; the JSON Schema contract/schemas/progress.json has everything.
type Progress struct {
	Phase    string
	Revision int
	Steps    []struct{ Title, State string }
	// Waits are the IDs of the waits at gates, by gate.
	Waits map[string]string
}

// Result has what is shown here; the JSON Schema contract/schemas/result.json has everything.
type Result struct {
	Outcome string
	Checks  []struct{ Verdict, Title, Seen string }
}

// Problem is one of the details of a run that was refused: contract/schemas/problems.json.
type Problem struct{ Where, Problem, WhatToDo string }

// FailureDetails are the details of a run that failed: contract/schemas/failureDetails.json.
type FailureDetails struct {
	Error     struct{ WhatToDo, CorrelationID string }
	Leftovers []struct{ ResourceID, Why string }
	Deleted   []struct{ ResourceID, Why string }
}

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: go run . SCENARIO INPUT_FILE [NAME of whoever lets it pass its gates]")
	}
	approver := ""
	if len(os.Args) > 3 {
		approver = os.Args[3]
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], approver); err != nil {
		showFailure(err)
		os.Exit(1)
	}
}

func run(ctx context.Context, scenario, file, approver string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var input map[string]any
	if err := json.Unmarshal(text, &input); err != nil {
		return err
	}
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return err
	}
	temporalClient, err := client.Dial(options)
	if err != nil {
		return err
	}
	defer temporalClient.Close()

	started, err := temporalClient.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		// The lock on the cluster: a writing scenario runs under this ID and no other.
		ID:        workflowID(input),
		TaskQueue: taskQueue,
		// Without it the SDK follows the scenario that is running already, whatever that does.
		WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, scenario, input)
	if err != nil {
		return err
	}
	fmt.Println("Started", started.GetID())

	following, stop := context.WithCancel(ctx)
	defer stop()
	go follow(following, temporalClient, started, approver)
	var result Result
	if err := started.Get(ctx, &result); err != nil {
		return err
	}
	fmt.Printf("%s: %d checks\n", result.Outcome, len(result.Checks))
	for _, check := range result.Checks {
		fmt.Printf("  %s: %s: %s\n", check.Verdict, check.Title, check.Seen)
	}
	return nil
}

func workflowID(input map[string]any) string {
	cluster, _ := input["cluster"].(map[string]any)
	return strings.ToLower(fmt.Sprintf("aks/%v/%v/%v", cluster["subscriptionId"], cluster["resourceGroup"], cluster["name"]))
}

// follow prints what changes, until ctx is cancelled.
func follow(ctx context.Context, temporalClient client.Client, started client.WorkflowRun, approver string) {
	revision := -1
	approved := map[string]bool{}
	for ; ctx.Err() == nil; time.Sleep(time.Second) {
		var progress Progress
		answer, err := temporalClient.QueryWorkflow(ctx, started.GetID(), started.GetRunID(), "progress")
		if err != nil {
			// No worker is up, or the run was refused before it could answer.
			continue
		}
		if err := answer.Get(&progress); err != nil {
			log.Print(err)
			continue
		}
		if progress.Revision != revision {
			revision = progress.Revision
			running := []string{}
			for _, step := range progress.Steps {
				if step.State == "running" {
					running = append(running, step.Title)
				}
			}
			fmt.Printf("  %s: %s\n", progress.Phase, strings.Join(running, ", "))
		}
		for gate, wait := range progress.Waits {
			if approver == "" || approved[wait] {
				continue
			}
			if err := approve(ctx, temporalClient, started, gate, wait, approver); err != nil {
				log.Print(err)
				continue
			}
			approved[wait] = true
			fmt.Printf("  %s lets it pass %s\n", approver, gate)
		}
	}
}

// approve answers one wait. Its ID binds the answer to this question; the update ID makes a second try the same answer.
func approve(ctx context.Context, temporalClient client.Client, started client.WorkflowRun, gate, wait, approver string) error {
	update, err := temporalClient.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID:   started.GetID(),
		RunID:        started.GetRunID(),
		UpdateName:   "approve",
		UpdateID:     "approve-" + wait,
		Args:         []any{map[string]string{"gate": gate, "by": approver, "wait": wait}},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return update.Get(ctx, nil)
}

func showFailure(err error) {
	var failure *temporal.ApplicationError
	if !errors.As(err, &failure) {
		fmt.Println("Ended:", err)
		return
	}
	fmt.Printf("%s: %s\n", failure.Type(), failure.Message())
	var problems []Problem
	if failure.Details(&problems) == nil {
		for _, problem := range problems {
			fmt.Printf("  %s: %s. %s\n", problem.Where, problem.Problem, problem.WhatToDo)
		}
		return
	}
	var details FailureDetails
	if failure.Details(&details) == nil {
		fmt.Println("  what to do:", details.Error.WhatToDo)
		fmt.Println("  correlation ID:", details.Error.CorrelationID)
		for _, leftover := range details.Leftovers {
			fmt.Printf("  remains: %s (%s)\n", leftover.ResourceID, leftover.Why)
		}
		for _, deleted := range details.Deleted {
			fmt.Printf("  deleted: %s (%s)\n", deleted.ResourceID, deleted.Why)
		}
	}
}
