"""Pages of whoever draws and deploys: definitions, their findings, new versions."""
