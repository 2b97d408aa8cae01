# glmmTMB: several traits by a covariance per plot with the residual variance switched off.
source(file.path(commandArgs(trailingOnly = TRUE)[1], "common.R"))
suppressPackageStartupMessages(library(glmmTMB))

multivariate <- function(traits) {
  data <- long(wide, traits)
  function() {
    glmmTMB(
      y ~ 0 + trait + us(0 + trait | Block) + us(0 + trait | Family) + us(0 + trait | unit), data, REML = TRUE, dispformula = ~0
    )
  }
}
fit <- switch(if (family == "T6") sub("-[^-]*$", "", case) else family,
  "T1" = function() glmmTMB(y ~ 1 + (1 | Block) + (1 | Family), wide, REML = TRUE),
  "T2" = multivariate(c("HT", "DBH")),
  "T3" = multivariate(c("HT", "DBH", "VOL", "DEN")),
  "T6-diag" = function() glmmTMB(y ~ env + diag(0 + env | geno), wide, REML = TRUE, dispformula = ~env),
  "T6-us" = function() glmmTMB(y ~ env + us(0 + env | geno), wide, REML = TRUE, dispformula = ~env),
  "T8" = function() glmmTMB(y ~ R + diag(0 + R | f), wide, REML = TRUE, dispformula = ~R),
  "T10" = function() glmmTMB(y ~ 1 + (1 | student) + (1 | lecturer) + (1 | department), wide, REML = TRUE)
)
measure("glmmTMB", fit, function(result) {
  code <- result$fit$convergence
  definite <- isTRUE(result$sdr$pdHess)
  list(
    # logLik() is missing where the Hessian is not positive definite; the objective is still there
    loglik = -result$fit$objective, iterations = result$fit$iterations, converged = code == 0 && definite,
    status = c(paste("optimiser code", code), if (definite) "Hessian positive definite" else "Hessian not positive definite")
  )
})
