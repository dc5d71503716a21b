€cos
getcwd
)R.