/** Names in models of CellTypist (docs/specification/1-artifacts.md#celltypist-models). @module */

/** Of the classifier in CellTypist's dictionary, and of scikit-learn's objects. */
export const CELLTYPIST_KEYS = {
  model: "Model",
  scaler: "Scaler_",
  description: "description",
  classes: "classes_",
  features: "features",
  weights: "coef_",
  intercepts: "intercept_",
  estimators: "estimators_",
  binarizer: "label_binarizer_",
  withMean: "with_mean",
  withStd: "with_std",
  mean: "mean_",
  scale: "scale_",
  version: "_sklearn_version",
} as const;

/** Modules of scikit-learn's stochastic gradient descent and of its losses, new and old. */
export const SGD_MODULES = ["_stochastic_gradient", "stochastic_gradient"] as const;
export const SGD_LOSS_MODULES = ["_sgd_fast", "sgd_fast"] as const;
