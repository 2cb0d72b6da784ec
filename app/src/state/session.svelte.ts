/** What the page knows: the open files, the model, the result, and the work that runs. */
import type { Progress } from "atlasmtl";
import { text } from "../text/en.ts";
import { type CallOptions, call, WorkFailure } from "../worker/client.ts";
import type { Failure } from "../worker/messages.ts";
import type {
  DatasetSeen,
  Effort,
  GivenFile,
  KeptWork,
  ModelSeen,
  Note,
  ResultView,
  Role,
} from "../worker/views.ts";

export const STEPS = ["data", "train", "annotate", "result", "save"] as const;
export type Step = (typeof STEPS)[number];

/** Work that runs, and how to stop it. */
export interface Running {
  readonly what: Role | "model" | "demo" | "train" | "annotate" | "save";
  readonly startedAt: number;
  progress: Progress | null;
  isStopping: boolean;
  stop(): void;
}

export interface Loss {
  readonly epoch: number;
  readonly figures: Readonly<Record<string, number>>;
}

const OPENING: readonly Running["what"][] = ["reference", "query", "model"];

class Session {
  step = $state<Step>("data");
  source = $state<"reference" | "model">("reference");
  reference = $state.raw<DatasetSeen | null>(null);
  query = $state.raw<DatasetSeen | null>(null);
  model = $state.raw<ModelSeen | null>(null);
  /** True for a model that was trained here. */
  isTrained = $state(false);
  result = $state.raw<ResultView | null>(null);
  /** What the browser keeps of an earlier visit. */
  kept = $state.raw<KeptWork | null>(null);
  /** Whether the model and the result of this visit are in the browser's storage: null before there is any, else a note why not. */
  keeping = $state.raw<"busy" | "kept" | Note | null>(null);

  /** Ticked label columns, coarse to fine. */
  labelColumns = $state<string[]>([]);
  referenceLayer = $state("X");
  queryLayer = $state("X");
  effort = $state<Effort>("standard");
  ignoreMissing = $state(false);
  learnsMap = $state(false);
  neighbours = $state(true);
  confidenceLow = $state(0.4);
  knownLoss = $state(0.05);

  running = $state<Running | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Said to screen readers. */
  said = $state("");
  losses = $state.raw<readonly Loss[]>([]);
  isOfflineReady = $state(false);

  /** Files that are being opened: others may be given meanwhile, and are opened next. */
  readonly isOpening = $derived(this.running !== null && OPENING.includes(this.running.what));
  private opened: Promise<unknown> = Promise.resolve();
  readonly isBusy = $derived(this.running !== null);
  readonly canTrain = $derived(
    this.source === "reference" && this.reference !== null && this.labelColumns.length > 0,
  );
  /** True for a result of an earlier visit, as long as the file of its query is not open. */
  readonly isQueryAway = $derived(this.result !== null && this.query === null);
  /** Work that closing the tab would lose. */
  readonly wouldLose = $derived(
    this.running !== null ||
      this.keeping === "busy" ||
      (typeof this.keeping === "object" && this.keeping !== null && (this.result !== null || this.isTrained)),
  );
  readonly canAnnotate = $derived(this.model !== null && this.query !== null);

  canOpen(step: Step): boolean {
    if (step === "data") return true;
    if (step === "train") return this.canTrain;
    if (step === "annotate") return this.canAnnotate;
    return this.result !== null;
  }

  isDone(step: Step): boolean {
    if (step === "data") return this.query !== null && (this.model !== null || this.canTrain);
    if (step === "train") return this.model !== null;
    if (step === "annotate") return this.result !== null;
    return false;
  }

  go(step: Step): void {
    if (this.canOpen(step)) this.step = step;
  }

  /** Runs one piece of work with progress and a way to stop; false if it failed or was stopped. */
  async work(what: Running["what"], run: (options: CallOptions) => Promise<void>): Promise<boolean> {
    if (this.running !== null) return false;
    const controller = new AbortController();
    this.failure = null;
    this.running = {
      what,
      startedAt: performance.now(),
      progress: null,
      isStopping: false,
      stop: () => {
        if (this.running !== null) this.running.isStopping = true;
        controller.abort();
      },
    };
    try {
      await run({
        signal: controller.signal,
        onProgress: (progress) => {
          if (this.running !== null) this.running.progress = progress;
          if (what === "train" && progress.figures !== undefined)
            this.losses = [...this.losses, { epoch: progress.done, figures: progress.figures }];
        },
      });
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      this.running = null;
    }
  }

  /** Opens a file once those before it are open. */
  private next(what: Running["what"], run: (options: CallOptions) => Promise<void>): Promise<boolean> {
    const opened = this.opened.then(() => this.work(what, run));
    this.opened = opened;
    return opened;
  }

  private fail(error: unknown): void {
    const failure =
      error instanceof WorkFailure
        ? error.failure
        : {
            code: "BUG",
            message: error instanceof Error ? error.message : String(error),
            where: null,
            hint: null,
          };
    if (failure.code === "ABORTED") this.said = text.error.stopped;
    else this.failure = failure;
  }

  takeReference(seen: DatasetSeen): void {
    this.reference = seen;
    this.labelColumns = [...seen.suggested];
    this.ignoreMissing = seen.labels.some(
      ({ name, nMissing }) => seen.suggested.includes(name) && nMissing > 0,
    );
    this.referenceLayer = usualLayer(seen);
    this.learnsMap = false;
    this.forgetModel();
  }

  takeQuery(seen: DatasetSeen): void {
    this.query = seen;
    if (this.model !== null) this.model = { ...this.model, nSharedGenes: seen.nSharedGenes };
    this.queryLayer = usualLayer(seen);
    this.result = null;
  }

  /** The file of the query that the result is of. */
  private takeQueryFile(seen: DatasetSeen): void {
    const { result, queryLayer } = this;
    this.takeQuery(seen);
    [this.result, this.queryLayer] = [result, queryLayer];
  }

  takeModel(seen: ModelSeen, isTrained: boolean): void {
    this.model = seen;
    this.isTrained = isTrained;
    this.result = null;
    this.keeping = null;
  }

  forgetModel(): void {
    this.model = null;
    this.result = null;
    this.losses = [];
    this.keeping = null;
  }

  open(role: Role, files: readonly GivenFile[]): Promise<boolean> {
    return this.next(role, async (options) => {
      const seen = await call("openDataset", { role, files }, options);
      if (role === "reference") this.takeReference(seen);
      else if (seen.isOfResult) this.takeQueryFile(seen);
      else this.takeQuery(seen);
      this.said = `${seen.name}: ${text.data.cells(seen.nCells)}, ${text.data.genes(seen.nGenes)}`;
    });
  }

  openModel(files: readonly GivenFile[]): Promise<boolean> {
    return this.next("model", async (options) => {
      this.takeModel(await call("openModel", { files }, options), false);
    });
  }

  /** The file of the query that a result of an earlier visit is of. */
  openQueryFile(files: readonly GivenFile[]): Promise<boolean> {
    return this.next("query", async (options) => {
      this.takeQueryFile(await call("openQueryFile", { files }, options));
      this.said = text.kept.fileOpened(this.result!.query);
    });
  }

  async findKept(): Promise<void> {
    this.kept = await call("keptWork", null).catch(() => null);
  }

  /** Takes up what the browser keeps: the model, and with it the result. */
  openKept(withResult: boolean): Promise<boolean> {
    return this.next("model", async (options) => {
      const { model, isTrained, result, query } = await call("openKept", { withResult }, options);
      this.source = "model";
      this.takeModel(model, isTrained);
      if (result === null) return;
      const { layer, neighbours, confidenceLow, knownLoss } = result.settings;
      Object.assign(this, { queryLayer: layer, neighbours, confidenceLow, knownLoss });
      this.query = null;
      this.result = result;
      if (query !== null) this.takeQueryFile(query);
      this.keeping = "kept";
      this.go("result");
    });
  }

  async forgetKept(): Promise<void> {
    await call("forgetKept", null);
    this.kept = null;
    this.keeping = null;
  }

  /** Keeps the model and the result for another visit, beside other work. */
  private async keep(): Promise<void> {
    const asked = Symbol("keep");
    this.lastKeep = asked;
    this.keeping = "busy";
    const problem = await call("keepWork", null).catch(
      (error: Error): Note => ({ message: error.message, isWarning: true, where: null, hint: null }),
    );
    if (this.lastKeep !== asked) return;
    this.keeping = problem ?? "kept";
    await this.findKept();
  }
  private lastKeep: symbol | null = null;

  train(): Promise<boolean> {
    this.losses = [];
    return this.work("train", async (options) => {
      const settings = {
        labelColumns: [...this.labelColumns],
        layer: this.referenceLayer,
        effort: this.effort,
        missingLabels: this.ignoreMissing ? ("ignore" as const) : ("error" as const),
        learnsMap: this.learnsMap,
      };
      this.takeModel(await call("train", settings, options), true);
      this.said = text.train.done(this.model!.labels.reduce((sum, { classes }) => sum + classes.length, 0));
      void this.keep();
    });
  }

  annotate(): Promise<boolean> {
    return this.work("annotate", async (options) => {
      const settings = {
        layer: this.queryLayer,
        neighbours: this.neighbours && this.model!.hasReference,
        confidenceLow: this.confidenceLow,
        knownLoss: this.knownLoss,
      };
      this.result = await call("annotate", settings, options);
      void this.keep();
    });
  }

  /** Example data, all the way to the map. */
  async demo(): Promise<void> {
    const opened = await this.work("demo", async (options) => {
      const { reference, query } = await call("openDemo", null, options);
      this.source = "reference";
      this.takeReference(reference);
      this.takeQuery(query);
      this.effort = "quick";
    });
    if (!opened) return;
    this.go("train");
    if (!(await this.train())) return;
    this.go("annotate");
    if (await this.annotate()) this.go("result");
  }
}

/** The matrix of counts, else the first. */
function usualLayer({ matrices }: DatasetSeen): string {
  const readable = matrices.filter(({ problem }) => problem === null);
  return (readable.find(({ verdict }) => verdict === "counts") ?? readable[0])?.name ?? "X";
}

export const session = new Session();
