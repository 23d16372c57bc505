# Distributor runs this in the folder that it has unpacked, as the system. Installing a version over another one keeps
# configuration and state. install.ps1 is the same.
$ErrorActionPreference = 'Stop'
$msi = Get-ChildItem -Path $PSScriptRoot -Filter '*.msi' | Select-Object -First 1
if (-not $msi) {
    Write-Error 'otelcol-cloudwatch: no MSI is in this folder'
    exit 1
}
# Not in the system's TEMP, where every user may put a link with this name.
$log = Join-Path $PSScriptRoot 'install.log'
$arguments = @('/i', "`"$($msi.FullName)`"", '/qn', '/norestart', '/l*v', "`"$log`"")
# Additional arguments of the command arrive as these variables.
if ($env:SSM_ACCEPT_EXISTING_DATA -eq '1') { $arguments += 'ACCEPT_EXISTING_DATA=1' }
if ($env:SSM_SERVICE_ACCOUNT -match '^[^"]+$') { $arguments += "SERVICE_ACCOUNT=`"$env:SSM_SERVICE_ACCOUNT`"" }
$installer = Start-Process msiexec.exe -Wait -PassThru -ArgumentList $arguments
# 3010: installed, and a restart is wanted, which a service does not need. 1638: this version is there already.
if ($installer.ExitCode -notin 0, 3010, 1638) {
    Write-Error "otelcol-cloudwatch: msiexec ended with $($installer.ExitCode); see $log and the Application event log. A folder C:\ProgramData\otelcol-cloudwatch that was there before the first installation is refused, as every user can make it: look at what is in it and move it away"
    exit $installer.ExitCode
}
& (Join-Path $env:ProgramFiles 'otelcol-cloudwatch\otelcol-cloudwatch.exe') --version
