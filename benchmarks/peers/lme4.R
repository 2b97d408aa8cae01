# lme4: crossed random intercepts; several traits by a random effect per plot that takes the residual covariances.
source(file.path(commandArgs(trailingOnly = TRUE)[1], "common.R"))
suppressPackageStartupMessages(library(lme4))

plain <- lmerControl(calc.derivs = FALSE)
# the plot effects and the residual share one variance: lme4 must be told not to refuse, logL is that of us(trait) for the residual
shared <- lmerControl(
  calc.derivs = FALSE, check.nobs.vs.nRE = "ignore", check.nobs.vs.nlev = "ignore", check.nobs.vs.rankZ = "ignore"
)
multivariate <- function(traits) {
  data <- long(wide, traits)
  function() {
    lmer(y ~ 0 + trait + (0 + trait | Block) + (0 + trait | Family) + (0 + trait | unit), data, REML = TRUE, control = shared)
  }
}
fit <- switch(family,
  T1 = function() lmer(y ~ 1 + (1 | Block) + (1 | Family), wide, REML = TRUE, control = plain),
  T2 = multivariate(c("HT", "DBH")),
  T3 = multivariate(c("HT", "DBH", "VOL", "DEN")),
  T10 = function() lmer(y ~ 1 + (1 | student) + (1 | lecturer) + (1 | department), wide, REML = TRUE, control = plain)
)
measure("lme4", fit, function(result) {
  found <- result@optinfo
  list(
    loglik = as.numeric(logLik(result)), iterations = found$feval, converged = found$conv$opt == 0,
    status = c(paste("optimiser code", found$conv$opt), found$message, unlist(found$warnings))
  )
})
