# The Windows step of the SSM document OtelcolCloudWatch-Manage. Systems Manager puts the parameters between the quotes;
# their allowedPattern keeps quotes out. document.json is made of this file: go test ./tests/aws -args -update
$ErrorActionPreference = 'Stop'
$action = '{{ action }}'
$configuration = '{{ configuration }}'
$region = '{{ region }}'
$layer = '{{ layer }}'
$layerName = '{{ layerName }}'

$service = 'otelcol-cloudwatch'
$program = Join-Path $env:ProgramFiles 'otelcol-cloudwatch\otelcol-cloudwatch.exe'
$data = Join-Path $env:ProgramData 'otelcol-cloudwatch'
$key = "HKLM:\SYSTEM\CurrentControlSet\Services\$service"
$changed = ''

if (-not (Test-Path $program) -or -not (Test-Path $key)) {
    Write-Error 'otelcol-cloudwatch is not installed; the association that installs it has not run yet'
    exit 1
}

# The service manager gives a service the variables of this value.
function Set-ServiceVariable([string]$name, [string]$value) {
    $old = @((Get-ItemProperty $key).Environment | Where-Object { $_ })
    if ($value -and $old -contains "$name=$value") { return }
    $new = @($old | Where-Object { $_ -notlike "$name=*" })
    if ($value) { $new += "$name=$value" }
    if (($old -join "`n") -ne ($new -join "`n")) {
        Set-ItemProperty $key -Name Environment -Value ([string[]]$new) -Type MultiString
        $script:changed = 'environment'
    }
}

# What follows the program's path in the service's command line, as the MSI writes it.
function Set-ServiceArguments {
    $base = '"{0}" --config "{1}\windows.yaml" --config "dir:{1}\config.d?optional=true"' -f $program, $data
    if ($configuration) { $base += " --config `"$configuration`"" }
    if ((Get-ItemProperty $key).ImagePath -ne $base) {
        Set-ItemProperty $key -Name ImagePath -Value $base -Type ExpandString
        $script:changed = 'arguments'
    }
}

function Set-Layer {
    $folder = Join-Path $data 'config.d'
    $file = Join-Path $folder "$layerName.yaml"
    if (-not $layer) {
        if (Test-Path $file) { Remove-Item $file }
        return
    }
    New-Item -ItemType Directory -Force $folder | Out-Null
    $bytes = [Convert]::FromBase64String($layer)
    if ((Test-Path $file) -and ([Convert]::ToBase64String([IO.File]::ReadAllBytes($file)) -eq [Convert]::ToBase64String($bytes))) { return }
    $new = Join-Path $folder ".$layerName.new"
    [IO.File]::WriteAllBytes($new, $bytes)
    Move-Item -Force $new $file
}

switch ($action) {
    'Configure' {
        if ($region) { Set-ServiceVariable 'AWS_REGION' $region }
        Set-ServiceArguments
        Set-Layer
        Set-Service $service -StartupType Automatic
        # A layer takes over by itself; the others are read at a start.
        if ($changed -or (Get-Service $service).Status -ne 'Running') { Restart-Service $service -Force }
    }
    'Start' { Set-Service $service -StartupType Automatic; Start-Service $service }
    'Stop' { Set-Service $service -StartupType Disabled; Stop-Service $service -Force }
    'Restart' { Restart-Service $service -Force }
    'Reload' { } # the folder and Parameter Store are looked at without being told
    'Status' { }
}

& $program --version
$status = (Get-Service $service).Status
Write-Output $status
if ($status -ne 'Running' -and $action -ne 'Stop') {
    Write-Error 'otelcol-cloudwatch does not run: see the event log Application'
    exit 1
}
