# Shared by the R programs: read a case, time repeated fits, print the line the runner reads.
arguments <- commandArgs(trailingOnly = TRUE)
case <- arguments[2]
family <- sub("-.*", "", case)
repeats <- as.integer(arguments[4])
budget <- as.numeric(arguments[5])
wide <- read.csv(file.path(arguments[3], "data.csv"), stringsAsFactors = TRUE)

# one row per observed cell; traits in their order in the data
long <- function(wide, traits) {
  wide$unit <- factor(seq_len(nrow(wide)))
  parts <- lapply(traits, function(name) {
    data.frame(unit = wide$unit, Block = wide$Block, Family = wide$Family, trait = name, y = wide[[name]])
  })
  result <- do.call(rbind, parts)
  result$trait <- factor(result$trait, levels = traits)
  result[!is.na(result$y), ]
}

number <- function(x) ifelse(is.finite(x), trimws(formatC(as.numeric(x), digits = 15, format = "g")), "null")
text <- function(x) paste0('"', gsub('[^ -~]|["\\\\]', " ", paste(x, collapse = "; ")), '"')

# fit: function without arguments; describe: list(loglik, iterations, converged, status) of a fit
measure <- function(program, fit, describe) {
  wall <- cpu <- numeric(0)
  repeat {
    # a finaliser of the fit before must not be counted into this one
    gc()
    used <- system.time(result <- fit())
    wall <- c(wall, used[["elapsed"]])
    cpu <- c(cpu, used[["user.self"]] + used[["sys.self"]])
    if (length(wall) >= repeats || sum(wall) + wall[length(wall)] > budget) break
  }
  found <- describe(result)
  fields <- c(
    program = text(program), version = text(as.character(packageVersion(program))),
    wall = paste0("[", paste(number(wall), collapse = ","), "]"), cpu = paste0("[", paste(number(cpu), collapse = ","), "]"),
    iterations = number(found$iterations), loglik_full = number(found$loglik),
    converged = if (isTRUE(found$converged)) "true" else "false", status = text(found$status)
  )
  cat("RESULT {", paste0('"', names(fields), '": ', fields, collapse = ", "), "}\n", sep = "")
}
