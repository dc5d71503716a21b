cos
getcwd
(tR