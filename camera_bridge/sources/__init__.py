"""Where photos come from: camera FTP, hot folder (USB tether and cards follow)."""
